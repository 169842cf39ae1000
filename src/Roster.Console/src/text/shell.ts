import { texts } from './language';

/** Texts of the frame around the pages: palette, shortcuts. */
export const shell = texts(
  {
    goTo: 'Go to',
    partner: 'Partner',
    action: 'Action',
    searchFor: (text: string) => `Search partners for “${text}”`,
    newPartner: 'New partner',
    importFile: 'Import a file',
    help: {
      search: 'Search partners',
      palette: 'Search or jump to anything',
      go: 'Go to Partners, Import, Changes, Overview, Keys',
      move: 'Next, previous row',
      open: 'Open',
      select: 'Select',
      edit: 'Edit',
      create: 'New partner',
      close: 'Close, back to the list',
      help: 'This page',
    },
    noPage: 'There is no such page',
  },
  {
    goTo: 'الانتقال إلى',
    partner: 'شريك',
    action: 'إجراء',
    searchFor: (text: string) => `البحث في الشركاء عن «${text}»`,
    newPartner: 'شريك جديد',
    importFile: 'استيراد ملف',
    help: {
      search: 'البحث في الشركاء',
      palette: 'البحث أو الانتقال إلى أي شيء',
      go: 'الانتقال إلى الشركاء، الاستيراد، التغييرات، النظرة العامة، المفاتيح',
      move: 'الصف التالي، السابق',
      open: 'فتح',
      select: 'تحديد',
      edit: 'تعديل',
      create: 'شريك جديد',
      close: 'إغلاق والعودة إلى القائمة',
      help: 'هذه الصفحة',
    },
    noPage: 'لا توجد صفحة كهذه',
  },
);
